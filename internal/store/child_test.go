package store

// childRole is the variable that makes the test binary a child.
const childRole = "PLIMSOLL_STORE_CHILD"

func child(role string) int { return 2 }
