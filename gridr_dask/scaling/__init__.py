"""Arrays that several processes of one host see without copying them."""
