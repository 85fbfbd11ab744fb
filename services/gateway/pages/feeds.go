package pages

import "slices"

// The page that explains the feeds to somebody of an association who has never seen one. It needs no account: what it says is no secret.

// Feeds writes the page. base is the address of this installation, readers that of its NATS; "": it is not open.
func Feeds(lang, base, readers string) Doc {
	l := tongue(lang)
	doc := Doc{Kind: "Tavolo", Title: plain(l.say("page/feeds")), Actions: Line{{Text: l.say("page/feeds-sample-atom"), Href: "/feeds/sample.atom"}, {Text: l.say("page/feeds-sample-json"), Href: "/feeds/sample.json"}}}
	copied := func(id, text string) Block {
		return Block{Code: &Code{ID: id, Text: text, Copy: l.say("page/copy"), Copied: l.say("page/copied")}}
	}
	curl := func(id, path, more string) Block {
		return copied(id, "curl "+more+"-H \"Authorization: Bearer $TOKEN\" \""+base+path+"\"")
	}
	paragraph := func(key string) Block { return para(plain(l.say(key))) }
	overNATS := []Block{paragraph("page/feeds-nats-closed")}
	if readers != "" { // the user may have any name that is none of a service
		// --password= and not --password: a token may begin with a dash. An asking takes 30 s and ends with an empty message.
		nats := "nats --server " + readers + ` --user association --password="$TOKEN" --inbox-prefix "feed.$ID" --timeout 40s`
		overNATS = []Block{paragraph("page/feeds-nats"), copied("nats-id", "ID=..."),
			copied("nats", nats+` request "ask.$ID" '{"after":"0"}' --wait-for-empty --reply-timeout 40s`), paragraph("page/feeds-nats-again")}
	}
	program := slices.Concat([]Block{
		paragraph("page/feeds-entries"), curl("entries", "/v1/feeds/entries?after=0", ""),
		paragraph("page/feeds-events"), curl("events", "/v1/feeds/events", "-N "),
		paragraph("page/feeds-live"), copied("live", "{\"after\":\"0\"}"),
	}, overNATS, []Block{paragraph("page/feeds-webhooks"), copied("keys", "curl \""+base+"/v1/feeds/keys\"")})
	doc.Blocks = []Block{
		paragraph("page/feeds-what"),
		section("begin", plain(l.say("page/feeds-begin")), numbered([]Line{plain(l.say("page/feeds-step-1")), plain(l.say("page/feeds-step-2")), plain(l.say("page/feeds-step-3"))}),
			copied("token", "TOKEN=..."), paragraph("page/feeds-token")),
		section("reader", plain(l.say("page/feeds-reader")), paragraph("page/feeds-reader-how"), copied("atom", base+"/v1/feeds/atom"), copied("json", base+"/v1/feeds/json"), paragraph("page/feeds-basic")),
		section("program", plain(l.say("page/feeds-program")), program...),
		section("calendar", plain(l.say("page/feeds-calendar")), paragraph("page/feeds-calendar-how"), curl("ics", "/v1/feeds/calendar.ics", "")),
		section("promises", plain(l.say("page/feeds-promises")), bullets([]Line{plain(l.say("page/feeds-promise-order")), plain(l.say("page/feeds-promise-id")), plain(l.say("page/feeds-promise-again")),
			plain(l.say("page/feeds-promise-people")), plain(l.say("page/feeds-promise-recall"))})),
	}
	level(doc.Blocks, 2)
	return doc
}
