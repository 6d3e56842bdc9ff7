#!/usr/bin/env python3
print("hello from a file that outlived its session")
