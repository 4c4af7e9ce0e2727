package api

import "github.com/picasso-faas/picasso"

// A page is read from the store in pieces, and ends early when it gets long: the
// answer is built in memory, and a function may be 200 KiB.
const (
	pieceItems   = 50
	maxPageBytes = 4 << 20 // as package weight counts them; JSON adds to it
)

// gather reads a page piece by piece until it is full or long. It has at least one
// item if there is one. measure returns the id of an item, and its bytes in memory.
func gather[T any](
	page picasso.Page, load func(picasso.Page) ([]T, bool, error), measure func(*T) (id string, bytes int),
) (items []T, more bool, err error) {
	left, bytes := page.Limit, 0
	for {
		page.Limit = min(left, pieceItems)
		piece, more, err := load(page)
		if picasso.CodeOf(err) == picasso.CodeInvalid && len(items) > 1 {
			return items[:len(items)-1], true, nil // the last item was deleted meanwhile, and marks no place any more
		}
		if err != nil {
			return nil, false, err
		}
		for i := range piece {
			id, size := measure(&piece[i])
			if bytes += size; bytes > maxPageBytes && len(items) > 0 {
				return items, true, nil
			}
			items, page.Marker = append(items, piece[i]), id
		}
		if left -= len(piece); !more || left <= 0 {
			return items, more, nil
		}
	}
}

// each visits all of a list, piece by piece, until visit returns an error. visit returns the
// id of its item. Errors: also conflict (all of a piece was deleted meanwhile).
func each[T any](load func(picasso.Page) ([]T, bool, error), visit func(*T) (id string, err error)) error {
	page := picasso.Page{Limit: pieceItems}
	var visited []string // ids of the last piece
	for more := true; more; {
		piece, follows, err := load(page)
		if picasso.CodeOf(err) == picasso.CodeInvalid && len(visited) > 0 {
			visited = visited[:len(visited)-1] // it was deleted, and marks no place any more: the one before does
			if len(visited) == 0 {
				return picasso.Errorf(picasso.CodeConflict, "much of the project was deleted meanwhile")
			}
			page.Marker = visited[len(visited)-1]
			continue
		}
		if err != nil {
			return err
		}
		visited, more = visited[:0], follows
		for i := range piece {
			if page.Marker, err = visit(&piece[i]); err != nil {
				return err
			}
			visited = append(visited, page.Marker)
		}
	}
	return nil
}
