package lines

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestAnswersKeepTheOrderOfLines(t *testing.T) {
	const workers, count = 4, 200
	var in, want bytes.Buffer
	for i := range count {
		fmt.Fprintf(&in, "%d\n\n", i)
		fmt.Fprintf(&want, "\"<%d>\"\n", i)
	}
	var busy, most atomic.Int32
	answer := func(_ context.Context, line []byte) string {
		now := busy.Add(1)
		defer busy.Add(-1)
		for most.Load() < now && !most.CompareAndSwap(most.Load(), now) {
		}
		// The first of each handful is the slowest, so that the others finish before it.
		if bytes.HasSuffix(line, []byte("0")) {
			time.Sleep(5 * time.Millisecond)
		}
		return "<" + string(line) + ">"
	}

	var out bytes.Buffer
	if err := Map(t.Context(), &in, &out, workers, answer); err != nil {
		t.Fatal(err)
	}
	if out.String() != want.String() {
		t.Errorf("answered\n%swant\n%s", out.String(), want.String())
	}
	if most.Load() > workers {
		t.Errorf("%d answers were worked on at a time, more than %d", most.Load(), workers)
	}
}

func TestLineTooLongIsAnError(t *testing.T) {
	in := strings.NewReader("1\n" + strings.Repeat("x", maxLine+1))
	var out bytes.Buffer
	err := Map(t.Context(), in, &out, 1, func(context.Context, []byte) int { return 7 })
	if !errors.Is(err, ErrInput) {
		t.Errorf("got %v", err)
	}
	if out.String() != "7\n" {
		t.Errorf("answered %q before it", out.String())
	}
}
