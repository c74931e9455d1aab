"""The hills that come with the package: one folder of Redcode and a `hill.toml` each."""
