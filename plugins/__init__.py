"""The built-in plugins: stores, schedulers, controllers, proxies, admission and authentication."""
