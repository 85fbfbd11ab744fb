package projection

// Jolt makes a follower believe that a delivery jumped, as one that overtakes another would.
func (r *Runner) Jolt(ws string) {
	f, _ := r.follower(ws)
	in := f.reader()
	in.mu.Lock()
	defer in.mu.Unlock()
	in.close(hole(ws, in.next, in.next+1))
}
