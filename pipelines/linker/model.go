package linker

import (
	"os"

	"uoma/internal/fault"
	"uoma/transforms/linkage"
)

// ReadModel reads a model that --save-model wrote.
func ReadModel(file string) (*linkage.Model, error) {
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, errModel.At(fault.Place{File: file}).Wrap(err)
	}
	m, err := linkage.ParseModel(src)
	if err != nil {
		return nil, errModel.At(fault.Place{File: file}).Because(err)
	}
	return m, nil
}
