"""What enhancers gain on photographs that none was made from."""
