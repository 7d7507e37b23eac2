"""What the user sees: foreign text made safe, values turned into bundles, displays kept alive."""
