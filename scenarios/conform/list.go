package conform

// A list is all pages of one list, as they were first seen.
type list struct {
	pages []*Exchange
	items []item
	why   string // why it isn't whole; empty: it is
}

// An item is an element of a list.
type item struct {
	raw  []byte
	page *Exchange
}
