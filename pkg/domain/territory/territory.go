// Package territory knows regions and how they are put together into macro areas.
//
// One survey uses two partitions that do not fit into each other: response by five areas, coverage by three. So a macro area is nothing fixed here: it is
// a code list with a name and a version, two of which come with the program (macro5, macro3), and whoever runs it can add others in the same form
// (Partitions). What is computed by areas says which list, in which version.
//
// A workspace states its region as it is written on paper; Find reads Italian and English names, the common other spellings, and the codes of the
// statistical office. The two autonomous provinces are regions of their own kind: health is theirs to govern, and they lie within region 04.
package territory

import (
	"bytes"
	"embed"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"tavolo/pkg/decider"
)

// Region is a region or an autonomous province.
type Region struct {
	// Code of the statistical office, 01 to 20; 21 and 22 for the two provinces.
	Code string   `json:"code"`
	It   string   `json:"it"`
	En   string   `json:"en"`
	Also []string `json:"also,omitempty"`
	// Within is the region that a province lies in; empty for a region.
	Within string `json:"within,omitempty"`
}

// Area is one macro area of a partition.
type Area struct {
	Code string `json:"code"`
	It   string `json:"it"`
	En   string `json:"en"`
	// Regions by code. A province that is not named itself belongs where its region does.
	Regions []string `json:"regions"`
}

// Partition is one way to put regions together, a versioned code list.
type Partition struct {
	List    string `json:"list"`
	Version int    `json:"version"`
	Note    string `json:"note,omitempty"`
	Areas   []Area `json:"areas"`
}

// The partitions that come with the program.
const (
	Macro5 = "macro5"
	Macro3 = "macro3"
)

//go:embed lists/*.json
var lists embed.FS

// regions in the order of their codes.
var regions = func() []Region {
	var list struct {
		Regions []Region `json:"regions"`
	}
	must(json.Unmarshal(shipped("regions"), &list))
	return list.Regions
}()

// own are the partitions that come with the program.
var own = func() (all Partitions) {
	for _, name := range []string{Macro5, Macro3} {
		p, err := Parse(shipped(name))
		must(err)
		all = append(all, p)
	}
	return all
}()

// shipped reads a file that is part of the program: one that cannot be read is a broken build.
func shipped(name string) []byte {
	data, err := lists.ReadFile("lists/" + name + ".json")
	must(err)
	return data
}

func must(err error) {
	if err != nil {
		panic("territory: " + err.Error())
	}
}

// Regions lists regions and autonomous provinces.
func Regions() []Region { return slices.Clone(regions) }

// Find reads a region as somebody wrote it; ok is false when there is none of that name.
func Find(written string) (Region, bool) {
	want := plain(written)
	if want == "" {
		return Region{}, false
	}
	for _, r := range regions {
		if r.Code == want || plain(r.It) == want || plain(r.En) == want || slices.ContainsFunc(r.Also, func(a string) bool { return plain(a) == want }) {
			return r, true
		}
	}
	return Region{}, false
}

// plain drops what spellings differ in: capitals, hyphens, apostrophes, spaces, and the word region.
func plain(name string) string {
	name = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(name)), "regione ")
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, name)
}

// Partitions are those that an installation knows.
type Partitions []*Partition

// With adds partitions to those that come with the program, and refuses one whose name is taken.
func With(more ...*Partition) (Partitions, error) {
	all := slices.Clone(own)
	for _, p := range more {
		if _, taken := all.Named(p.List); taken {
			return nil, decider.Refuse("territory/list-twice", "list", p.List)
		}
		all = append(all, p)
	}
	return all, nil
}

// Named gives the partition of that name; ok is false when there is none.
func (all Partitions) Named(list string) (p *Partition, ok bool) {
	if i := slices.IndexFunc(all, func(p *Partition) bool { return p.List == list }); i >= 0 {
		return all[i], true
	}
	return nil, false
}

// code is what a list and an area may be called: it stands in addresses, where "region" means something else, and "unknown" whose region nobody recognises.
var code = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,30}$`)

// Parse reads a partition and refuses one in which a region is unknown, in two areas, or in none.
func Parse(data []byte) (*Partition, error) {
	p := &Partition{}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(p); err != nil || !code.MatchString(p.List) || p.List == "region" || p.Version < 1 {
		return nil, decider.Refuse("territory/unreadable")
	}
	placed := map[string]bool{}
	for _, a := range p.Areas {
		if !code.MatchString(a.Code) || a.Code == "unknown" || a.It == "" || a.En == "" {
			return nil, decider.Refuse("territory/unreadable")
		}
		for _, region := range a.Regions {
			switch {
			case !slices.ContainsFunc(regions, func(r Region) bool { return r.Code == region }):
				return nil, decider.Refuse("territory/unknown-region", "region", region)
			case placed[region]:
				return nil, decider.Refuse("territory/region-twice", "region", region)
			}
			placed[region] = true
		}
	}
	for _, r := range regions {
		if !placed[r.Code] && !placed[r.Within] && !coveredByParts(r.Code, placed) {
			return nil, decider.Refuse("territory/region-missing", "region", r.Code)
		}
		if placed[r.Code] && r.Within != "" && placed[r.Within] {
			return nil, decider.Refuse("territory/region-twice", "region", r.Code)
		}
	}
	return p, nil
}

// coveredByParts: a region need not be named when all provinces within it are.
func coveredByParts(region string, placed map[string]bool) bool {
	parts := 0
	for _, r := range regions {
		if r.Within == region {
			if !placed[r.Code] {
				return false
			}
			parts++
		}
	}
	return parts > 0
}

// Of gives the area of a region as somebody wrote it; ok is false when the region is not known, or when its provinces lie in different areas.
func (p *Partition) Of(written string) (Area, bool) {
	r, known := Find(written)
	if !known {
		return Area{}, false
	}
	for _, a := range p.Areas {
		if slices.Contains(a.Regions, r.Code) || r.Within != "" && slices.Contains(a.Regions, r.Within) {
			return a, true
		}
	}
	return Area{}, false
}

// Label names the list and its version, as it stands beside every figure: macro5/1.
func (p *Partition) Label() string { return p.List + "/" + strconv.Itoa(p.Version) }
