"""What the services share: words (contracts), a road (messaging), and doors that more than one of them uses."""
