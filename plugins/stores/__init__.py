"""The built-in stores: `memory` for tests and short-lived clusters, `sqlite` for all others."""
