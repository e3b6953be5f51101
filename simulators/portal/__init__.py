"""A BI portal as a robot meets it: sign-in in steps, a menu that opens, a history that alone tells the truth."""
