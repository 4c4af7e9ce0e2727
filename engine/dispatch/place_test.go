package dispatch

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hostsOf makes n hosts of 4 cores and 4 GiB.
func hostsOf(n int) []Candidate {
	hosts := make([]Candidate, n)
	for i := range hosts {
		hosts[i] = Candidate{Name: fmt.Sprintf("host-%04d", i), Cores: 4, MemoryMB: 4096}
	}
	return hosts
}

// TestPlace: the hosts of the function are in the order of the table, h0 first.
func TestPlace(t *testing.T) {
	const spare = 4096
	idle := Standing{FreeMB: spare}
	busy, suspect, asked := Standing{Busy: true}, Standing{Suspect: true}, Standing{Asked: true}
	warmed := Standing{Warm: true}
	crowded := Standing{FreeMB: spare, InFlight: 8}
	for name, test := range map[string]struct {
		hosts []Standing
		want  int // -1: none
	}{
		"the first":                                  {[]Standing{idle, idle, idle}, 0},
		"a warm one":                                 {[]Standing{idle, warmed, idle}, 1},
		"the first warm one":                         {[]Standing{idle, warmed, warmed}, 1},
		"a warm one without memory":                  {[]Standing{idle, idle, {Warm: true}}, 2},
		"not one with too many calls":                {[]Standing{crowded, idle, idle}, 1},
		"one call below too many":                    {[]Standing{{FreeMB: spare, InFlight: 7}, idle, idle}, 0},
		"a cold one rather than a crowded warm":      {[]Standing{{Warm: true, InFlight: 8}, idle, idle}, 1},
		"a crowded warm one rather than a crowd":     {[]Standing{crowded, {Warm: true, InFlight: 8}, crowded}, 1},
		"the first of a crowd":                       {[]Standing{crowded, crowded, crowded}, 0},
		"a crowd rather than no memory":              {[]Standing{{}, crowded, {}}, 1},
		"where the image is":                         {[]Standing{idle, {FreeMB: spare, Image: true}, idle}, 1},
		"the image does not win over memory":         {[]Standing{idle, {FreeMB: 1000, Image: true}, idle}, 0},
		"where there is memory":                      {[]Standing{{FreeMB: 127}, {FreeMB: 128}, idle}, 1},
		"where others have to go":                    {[]Standing{{}, {FreeMB: 100, IdleMB: 28}, {}}, 1},
		"memory rather than where others have to":    {[]Standing{{IdleMB: spare}, idle, idle}, 1},
		"without memory anywhere":                    {[]Standing{{}, {}, {}}, 0},
		"the next of busy, suspect and asked":        {[]Standing{busy, suspect, asked, idle}, 3},
		"none but busy, suspect and asked":           {[]Standing{busy, suspect, asked}, -1},
		"a busy one is not taken because it is warm": {[]Standing{{Busy: true, Warm: true}, idle}, 1},
		"none": {nil, -1},
	} {
		t.Run(name, func(t *testing.T) {
			c := Choice{View: NewView(hostsOf(len(test.hosts)), nil), MemoryMB: 128}
			for i := range test.hosts {
				c.Order = append(c.Order, int32(i))
			}
			place, ok := Place(&c, func(host int32) Standing { return test.hosts[host] })
			if !ok {
				place = -1
			}
			assert.Equal(t, test.want, place)
		})
	}
}

// TestBound: a host has at most a quarter more than its part by cores of the
// calls, but two for each core in any case.
func TestBound(t *testing.T) {
	hosts := hostsOf(3)
	hosts[2].Cores = 8
	c := Choice{View: NewView(hosts, nil)}
	for inFlight, want := range map[int][2]int{0: {8, 16}, 20: {8, 16}, 63: {20, 40}, 159: {50, 100}} {
		c.InFlight = inFlight
		assert.Equal(t, want, [2]int{c.bound(&hosts[0]), c.bound(&hosts[2])}, "%d in flight", inFlight)
	}
}

// TestPlaceLooksNoFurtherThanItHasTo: with sandboxes somewhere and a host that will
// do among the first, not all hosts are looked at for each call.
func TestPlaceLooksNoFurtherThanItHasTo(t *testing.T) {
	view := NewView(hostsOf(1000), nil)
	c := Choice{View: view, Order: view.Order(function("f")), MemoryMB: 128}
	looked := 0
	place, ok := Place(&c, func(host int32) Standing {
		looked++
		if host == c.Order[0] {
			return Standing{Warm: true, InFlight: 100}
		}
		return Standing{FreeMB: 4096}
	})
	require.True(t, ok)
	assert.Equal(t, 1, place)
	assert.LessOrEqual(t, looked, near+1)
}

func TestPlaceToWait(t *testing.T) {
	for name, test := range map[string]struct {
		limit int
		hosts []Standing
		want  int // -1: none
	}{
		"the first":                    {3, []Standing{{}, {}, {}}, 0},
		"where there are sandboxes":    {3, []Standing{{}, {Warm: true, Mine: 9}, {}}, 1},
		"fewest calls":                 {3, []Standing{{Warm: true, Mine: 3}, {Warm: true, Mine: 2}, {Warm: true, Mine: 2}}, 1},
		"fewest calls for the share":   {4, []Standing{{Warm: true, Mine: 4}, {Warm: true, Mine: 3}, {Warm: true, Mine: 3}}, 0},
		"fewest calls without a limit": {0, []Standing{{Warm: true, Mine: 4}, {Warm: true, Mine: 3}}, 1},
		"busy ones too":                {3, []Standing{{Busy: true}, {Asked: true}}, 0},
		"suspects last":                {3, []Standing{{Suspect: true, Warm: true}, {Mine: 50}}, 1},
		"suspects rather than nobody":  {3, []Standing{{Suspect: true}, {Asked: true}}, 0},
		"nobody":                       {3, []Standing{{Asked: true}}, -1},
	} {
		t.Run(name, func(t *testing.T) {
			c := Choice{View: NewView(hostsOf(len(test.hosts)), nil)}
			for i := range test.hosts {
				c.Order = append(c.Order, int32(i))
			}
			share := func(place int) int { return Share(test.limit, len(c.Order), place) }
			place, ok := PlaceToWait(&c, share, func(host int32) Standing { return test.hosts[host] })
			if !ok {
				place = -1
			}
			assert.Equal(t, test.want, place)
		})
	}
}

func TestShare(t *testing.T) {
	for _, test := range []struct {
		limit int
		want  []int
	}{
		{0, []int{0, 0, 0}}, {1, []int{1, 0, 0}}, {2, []int{1, 1, 0}}, {3, []int{1, 1, 1}},
		{4, []int{2, 1, 1}}, {5, []int{2, 2, 1}}, {9, []int{3, 3, 3}}, {1000, []int{334, 333, 333}},
	} {
		var got []int
		for place := range test.want {
			got = append(got, Share(test.limit, len(test.want), place))
		}
		assert.Equal(t, test.want, got, "%d", test.limit)
	}
}

// TestSharesOfAChange: what the hosts have by the shares of before and those of after is
// at most the limit and the share of the host that joins or leaves.
func TestSharesOfAChange(t *testing.T) {
	for n := 1; n <= 6; n++ {
		for limit := 1; limit <= 15; limit++ {
			for gone := range n {
				own := Share(limit, n, gone)
				sum := own
				for without := range n - 1 {
					with := without
					if without >= gone {
						with++
					}
					sum += max(Share(limit, n, with), Share(limit, n-1, without))
				}
				assert.LessOrEqual(t, sum, limit+own, "%d on %d hosts, without the one in place %d", limit, n, gone)
			}
		}
	}
}

func TestOrderTakesOnlyThoseThatMay(t *testing.T) {
	hosts := hostsOf(5)
	hosts[0].Tags = []string{"gpu", "ssd"}
	hosts[1].Tags = []string{"ssd"}
	hosts[2].Projects = []string{"a", "b"}
	hosts[3].Projects, hosts[3].Tags = []string{"b"}, []string{"gpu"}
	view := NewView(hosts, []string{"a", "b", "absent"})
	for _, test := range []struct {
		project string
		tags    []string
		want    []int32
	}{
		{"p", nil, []int32{0, 1, 4}},
		{"p", []string{"ssd"}, []int32{0, 1}},
		{"p", []string{"ssd", "gpu"}, []int32{0}},
		{"p", []string{"tpu"}, nil},
		{"a", nil, []int32{2}},
		{"a", []string{"gpu"}, nil},
		{"b", nil, []int32{2, 3}},
		{"b", []string{"gpu"}, []int32{3}},
		{"absent", nil, nil}, // its hosts are down: nobody else's serve it
	} {
		fn := function("f")
		fn.ProjectID, fn.HostTags = test.project, test.tags
		assert.ElementsMatch(t, test.want, view.Order(fn), "%s %v", test.project, test.tags)
	}
}

// TestOrderIsTheSameEverywhere: all processes get it, of hosts in whatever order,
// and what one host does moves no other.
func TestOrderIsTheSameEverywhere(t *testing.T) {
	hosts := hostsOf(20)
	shuffled := slices.Clone(hosts)
	slices.Reverse(shuffled)
	fewer := slices.Delete(slices.Clone(hosts), 7, 8)
	a, b, c := NewView(hosts, nil), NewView(shuffled, nil), NewView(fewer, nil)
	names := func(v *View, id string) (names []string) {
		for _, host := range v.Order(function(id)) {
			names = append(names, v.hosts[host].Name)
		}
		return names
	}
	for i := range 50 {
		id := fmt.Sprint("f-", i)
		order := names(a, id)
		require.Equal(t, order, names(b, id))
		require.Equal(t, slices.DeleteFunc(order, func(name string) bool { return name == "host-0007" }), names(c, id))
	}
	assert.Equal(t, []string{"host-0000", "host-0003", "host-0002", "host-0001", "host-0004"}, names(NewView(hostsOf(5), nil), "f-1"),
		"a version that orders otherwise would break shares while hosts are upgraded")
}

// TestOrderFollowsMemory: a host of twice the memory is first twice as often.
func TestOrderFollowsMemory(t *testing.T) {
	hosts := hostsOf(4)
	hosts[3].MemoryMB *= 2
	view, first := NewView(hosts, nil), make([]float64, 4)
	const n = 10_000
	for i := range n {
		first[view.Order(function(fmt.Sprint(i)))[0]]++
	}
	for host, want := range []float64{0.2, 0.2, 0.2, 0.4} {
		assert.InDelta(t, want, first[host]/n, 0.02, "host %d", host)
	}
}
