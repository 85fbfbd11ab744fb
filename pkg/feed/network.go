package feed

import "net/netip"

// fourBits and sixBits are how much of an address its network is: a provider or a large part of one, not a household.
const fourBits, sixBits = 16, 32

// Network is the large part of the internet that an address lies in, such as 203.0.0.0/16; "" for what is no address.
func Network(host string) string {
	a, err := netip.ParseAddr(host)
	if err != nil {
		return ""
	}
	bits := sixBits
	if a = a.Unmap().WithZone(""); a.Is4() {
		bits = fourBits
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}
