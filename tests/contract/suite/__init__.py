"""The relations themselves, on what is committed; what is beside this folder tests the suite."""
