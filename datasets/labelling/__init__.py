"""What teachers say of crops, and the scale that learners are trained on."""
