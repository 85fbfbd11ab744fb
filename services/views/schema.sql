-- What the views keep of one workspace. Everything here can be dropped and rebuilt from the log; no name and no text is here in clear.

-- One line an aggregate. The sequence of its first commit stands for its long id in the other tables: small, and the same in every replay.
CREATE TABLE IF NOT EXISTS aggregate (
  id   INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  key  TEXT NOT NULL,
  UNIQUE (kind, key)
) STRICT;

-- The commits of each aggregate, in order: what is folded for one aggregate, now or as it stood at an earlier moment.
CREATE TABLE IF NOT EXISTS record (
  aggregate INTEGER NOT NULL,
  seq       INTEGER NOT NULL,
  body      BLOB NOT NULL,
  PRIMARY KEY (aggregate, seq)
) STRICT, WITHOUT ROWID;

-- One line a decision: what lists and filters need.
CREATE TABLE IF NOT EXISTS decision (
  aggregate  INTEGER PRIMARY KEY,
  initiative TEXT NOT NULL,
  session    TEXT NOT NULL,             -- full id
  own        TEXT NOT NULL,             -- own id
  item       INTEGER NOT NULL,          -- aggregate of the item, 0 when the decision was struck
  phase      INTEGER NOT NULL,
  outcome    INTEGER NOT NULL,
  closed_at  INTEGER NOT NULL,          -- unix ms, 0 while open
  last_at    INTEGER NOT NULL,          -- unix ms of the latest thing that the stored roles take into account
  due_end    INTEGER NOT NULL,          -- unix ms from which implementation is late, 0 when nothing is due
  kind       INTEGER NOT NULL,          -- of the session
  first_seq  INTEGER NOT NULL,
  posed_at   INTEGER NOT NULL,          -- unix ms
  opened_at  INTEGER NOT NULL,          -- unix ms, 0 while nobody may vote
  question   BLOB,                      -- sealed
  question_commit TEXT NOT NULL,
  summary    BLOB NOT NULL              -- tavolo.api.v1.DecisionSummary, without the question
) STRICT;
CREATE INDEX IF NOT EXISTS decision_by_session ON decision (session);
CREATE INDEX IF NOT EXISTS decision_by_initiative ON decision (initiative, posed_at, first_seq);
CREATE INDEX IF NOT EXISTS decision_by_item ON decision (item);
CREATE INDEX IF NOT EXISTS decision_by_close ON decision (closed_at);
CREATE INDEX IF NOT EXISTS decision_by_last ON decision (last_at);

-- Who had which role, as of everything known. An implementation that is late by the clock is added when it is read.
CREATE TABLE IF NOT EXISTS role (
  decision       INTEGER NOT NULL,
  place          INTEGER NOT NULL,
  who            TEXT NOT NULL,         -- pseudonym, users:strict, users:broad or constituency:<code>
  role           TEXT NOT NULL,
  rule           INTEGER NOT NULL,
  reason         TEXT NOT NULL,
  role_at_decision TEXT NOT NULL,
  power          TEXT NOT NULL,
  shapley        TEXT NOT NULL,
  pivotal        TEXT NOT NULL,
  flags          TEXT NOT NULL,         -- comma-separated
  evidence       TEXT NOT NULL,         -- comma-separated sequences
  PRIMARY KEY (decision, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS role_by_who ON role (who, decision);

-- What decisions are grouped by: one line an initiative (scope, area, stage) and one a session (kind, when it began, whether users sat in it).
CREATE TABLE IF NOT EXISTS facet (
  aggregate  INTEGER PRIMARY KEY,
  key        TEXT NOT NULL UNIQUE,      -- id of the initiative, or full id of the session
  initiative TEXT NOT NULL,
  scope      INTEGER NOT NULL,
  area       INTEGER NOT NULL,
  stage      INTEGER NOT NULL,
  kind       INTEGER NOT NULL,          -- 0 for an initiative
  opened_at  INTEGER NOT NULL,          -- unix ms, 0 for an initiative and for a session that did not begin
  strict     INTEGER NOT NULL,          -- 1 when a user in the strict sense sat there
  broad      INTEGER NOT NULL           -- 1 when a user in the broad sense did
) STRICT;

-- What feeds tell of: one line for each commit of a decision that an association would want to know of, released or not. It is released by the commit
-- itself when the initiative is public, or later by the commit that makes it public; in the order (released, seq).
CREATE TABLE IF NOT EXISTS entry (
  seq      INTEGER PRIMARY KEY,         -- of the commit
  decision INTEGER NOT NULL,            -- aggregate
  initiative INTEGER NOT NULL,          -- aggregate
  kind     INTEGER NOT NULL,
  stands   INTEGER NOT NULL,            -- 1: after it the decision is closed
  released INTEGER NOT NULL,            -- sequence of the commit that released it, 0: none
  about    INTEGER NOT NULL             -- seq of the first entry released about the decision, 0 while not released
) STRICT;
CREATE INDEX IF NOT EXISTS entry_by_release ON entry (released, seq);
CREATE INDEX IF NOT EXISTS entry_by_decision ON entry (decision, seq);
CREATE INDEX IF NOT EXISTS entry_by_initiative ON entry (initiative, seq);

-- The roles of groups in closed decisions once more, narrow and in the order in which pages are read.
CREATE TABLE IF NOT EXISTS ledger (
  who        TEXT NOT NULL,             -- a group
  closed_at  INTEGER NOT NULL,
  decision   INTEGER NOT NULL,
  initiative TEXT NOT NULL,
  kind       INTEGER NOT NULL,
  role       TEXT NOT NULL,
  reason     TEXT NOT NULL,
  PRIMARY KEY (who, closed_at, decision)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ledger_by_role ON ledger (who, initiative, role, closed_at);

-- The same counted by month, so that a median over a year reads no decision. No line counts nothing.
CREATE TABLE IF NOT EXISTS tally (
  who        TEXT NOT NULL,
  initiative TEXT NOT NULL,             -- empty: all of them together
  month      INTEGER NOT NULL,          -- since the year 0, in UTC
  kind       INTEGER NOT NULL,
  role       TEXT NOT NULL,
  reason     TEXT NOT NULL,
  n          INTEGER NOT NULL,
  PRIMARY KEY (who, initiative, month, kind, role, reason)
) STRICT, WITHOUT ROWID;

-- What figures, findings and trends need of each aggregate (evidence.Part), so that nobody folds a year to see it. What was said of an item has a line a session.
CREATE TABLE IF NOT EXISTS part (
  initiative TEXT NOT NULL,
  aggregate  INTEGER NOT NULL,
  session    TEXT NOT NULL,             -- full id, of what was said of an item; empty: of the aggregate itself
  since      INTEGER NOT NULL,          -- unix ms of the earliest thing in it
  last_at    INTEGER NOT NULL,          -- unix ms of the latest thing in it
  beside_at  INTEGER NOT NULL,          -- unix ms of the latest thing elsewhere that it takes into account, 0: none
  body       BLOB NOT NULL,             -- empty: it adds nothing as things stand
  PRIMARY KEY (initiative, aggregate, session)
) STRICT, WITHOUT ROWID;

-- Who came onto the roll of an initiative, or changed for whom they sit, and when.
CREATE TABLE IF NOT EXISTS enrolment (
  initiative  TEXT NOT NULL,
  at          INTEGER NOT NULL,         -- unix ns
  seq         INTEGER NOT NULL,
  participant TEXT NOT NULL,            -- pseudonym
  PRIMARY KEY (initiative, at, seq, participant)
) STRICT, WITHOUT ROWID;

-- How far each initiative has come: its last commit, the latest moment that anything in it happened at, and its first vote.
CREATE TABLE IF NOT EXISTS pulse (
  initiative TEXT PRIMARY KEY,
  seq        INTEGER NOT NULL,
  last_at    INTEGER NOT NULL,          -- unix ms
  voted_at   INTEGER NOT NULL           -- unix ns, 0: nobody voted
) STRICT, WITHOUT ROWID;
