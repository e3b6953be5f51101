"""What the two extractors have in common: landing a scope, remembering by manifests, watching what vanished, tokens."""
