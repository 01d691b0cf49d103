"""``python -m trainers``."""

from trainers.cli import main
from trainers.running.processes import leave

if __name__ == "__main__":
    leave(main())
