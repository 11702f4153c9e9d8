//go:build !pcsc

package rig

import "errors"

// PCSCReader is a reader of this machine; this build has none.
type PCSCReader struct{ Reader }

// OpenPCSC tells that this build has no PC/SC.
func OpenPCSC(string) (*PCSCReader, error) {
	return nil, errors.New("PC/SC: this build has none; build with -tags pcsc on a machine with a C compiler and libpcsclite-dev")
}

// Close does nothing.
func (*PCSCReader) Close() {}
