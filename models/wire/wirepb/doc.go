// Package wirepb is the protobuf form of the wire format, generated from coldshelf.proto by generate.sh. Only package
// wire uses it; everybody else speaks wire's typed bodies.
package wirepb
