package minutes

import _ "embed"

// Schema is the JSON Schema (2020-12) of a minutes file, for editors and for other programs. It says
// which keys and values there are; what cannot have happened (unknown ids, votes without a standing,
// rules beyond reach) only Parse can say.
//
//go:embed schema.json
var Schema []byte

// AnswerSchema is the JSON Schema (2020-12) of what `tavolo audit` and `tavolo roles` print with
// `--format json`.
//
//go:embed answer.schema.json
var AnswerSchema []byte
