package picasso

// SortKey orders a list by one field of the resource, named as in the API.
type SortKey struct {
	Field string
	Desc  bool
}

// Page asks for a part of a list: at most Limit items (1..1000) after the item
// with id Marker ("" = from the start), in the order of Sort with the id as the
// last key. No Sort means oldest first, for executions newest first.
type Page struct {
	Limit  int
	Marker string
	Sort   []SortKey
}
