"""The door to the BI portal: a headless Chromium that works its pages as a person would."""
