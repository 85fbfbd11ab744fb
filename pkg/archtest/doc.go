// Package archtest says who may import whom, and why: a table in its test, with a planted violation of each rule. It has no code.
package archtest
