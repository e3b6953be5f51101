"""The one door to a headless Chromium: a visit to a web page, with its screen, its bounds and its evidence."""
