"""The words the services share."""
