"""The sign-in of offices that enter Gestta through Onvio: a headless Chromium that fetches the web app's token."""
