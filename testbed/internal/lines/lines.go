// Package lines answers JSON Lines with JSON Lines: many at a time, in order.
package lines

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

const (
	// maxLine is above the largest object that an API server accepts.
	maxLine = 8 << 20
	// lookahead is how many answers may wait for a slower one before them, for each worker.
	lookahead = 8
)

// ErrInput marks input that can't be read.
var ErrInput = errors.New("read the input")

// Map writes one answer for each line of in that isn't blank, in the order of the lines. At most `workers`
// answers are worked on at a time.
func Map[T any](
	ctx context.Context, in io.Reader, out io.Writer, workers int, answer func(context.Context, []byte) T,
) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	// Each answer has its own channel; their queue is the order.
	pending := make(chan chan T, workers*lookahead)
	read := make(chan error, 1)
	go func() {
		defer close(pending)
		read <- start(ctx, in, pending, workers, answer)
	}()

	buffer := bufio.NewWriter(out)
	encoder := json.NewEncoder(buffer)
	encoder.SetEscapeHTML(false)
	for slot := range pending {
		if err := encoder.Encode(<-slot); err != nil {
			return fmt.Errorf("write an answer: %w", err)
		}
		// Whoever asks line by line gets the answer at once.
		if len(pending) == 0 {
			if err := buffer.Flush(); err != nil {
				return fmt.Errorf("write an answer: %w", err)
			}
		}
	}
	if err := buffer.Flush(); err != nil {
		return fmt.Errorf("write an answer: %w", err)
	}
	return <-read
}

// start reads lines and starts work on each as soon as a worker is free.
func start[T any](
	ctx context.Context, in io.Reader, pending chan<- chan T, workers int,
	answer func(context.Context, []byte) T,
) error {
	free := make(chan struct{}, workers)
	scanner := bufio.NewScanner(in)
	scanner.Buffer(nil, maxLine)
	for scanner.Scan() {
		if len(bytes.TrimSpace(scanner.Bytes())) == 0 {
			continue
		}
		line := bytes.Clone(scanner.Bytes())
		slot := make(chan T, 1)
		select {
		case pending <- slot:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		free <- struct{}{}
		go func() {
			defer func() { <-free }()
			slot <- answer(ctx, line)
		}()
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrInput, err)
	}
	return nil
}
