package pages

// Pictures of parts of a whole: bars that are cut in parts, one below the other, so that the eye compares them. A table with the same numbers stands
// beside each, so the picture is hidden from who hears the page; in grey the parts are told by their texture.

// Chart is a picture.
type Chart struct {
	Bars []Bar
	// Key says which look stands for what; it is read, not heard.
	Key []Part
}

// Bar is one whole.
type Bar struct {
	Name  string
	Parts []Part
}

// Part is one of its parts.
type Part struct {
	Name string
	// Look is one of those of pages.css and of the textures in doc.html: decisive, consultative, none, other.
	Look  string
	Value int
	// From and Width are its place in the bar, which is 1000 wide; set by bar.
	From, Width int
}

// bar lays out the parts. What rounding leaves over goes to the last one, so that a bar is always full; a bar of nothing has no parts.
func bar(name string, parts ...Part) Bar {
	const whole = 1000
	sum, at, seen := 0, 0, 0
	for _, p := range parts {
		sum += p.Value
	}
	b := Bar{Name: name}
	for _, p := range parts {
		if p.Value == 0 {
			continue
		}
		seen += p.Value
		p.From, p.Width = at, whole*seen/sum-at
		at += p.Width
		b.Parts = append(b.Parts, p)
	}
	return b
}
