package cluster

import (
	"errors"
	"runtime"
	"sync/atomic"

	"k8s.io/klog/v2"
)

// stopping is the whole process' state, as klog's way to end a process is.
var stopping atomic.Bool

// OnGiveUp sets what happens when a part of Kubernetes ends the process, which otherwise is told in the log
// only. A server that is stopped while it still starts does so too, as its start then fails: that ends no
// more than the part, so that the stop goes on in order.
func OnGiveUp(f func(error)) {
	klog.OsExit = func(int) {
		if stopping.Load() {
			runtime.Goexit()
		}
		f(errors.New("the control plane gave up"))
	}
}
