"""The machine underneath: addresses, routes and ranges that are free. Used by runtimes and proxies; knows no kinds."""
