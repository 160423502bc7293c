package cluster

import "time"

// bounded waits for f, but no longer than limit: a part that will not stop must not keep its process.
func bounded(limit time.Duration, f func()) (finished bool) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
		return true
	case <-time.After(limit):
		return false
	}
}
