-- Texts are kept once, by their content, and a request is a path of them: a conversation of a
-- thousand turns adds two small rows a turn, and a repeated system prompt adds nothing.
create table messages (
  id integer primary key,
  digest blob not null unique,
  role text not null,
  text text not null,
  more text                        -- the whole message as JSON, where it is more than its text
);
create table threads (
  id integer primary key,
  parent integer not null,         -- 0 for the first message
  message integer not null references messages,
  unique (parent, message)
);
-- One row a request that was sent and may have been carried out. A chat is written when it has
-- ended; a picture or clip before it is ordered, since it is paid for.
create table calls (
  id integer primary key,
  uid blob not null,               -- by which the writer knows whether it is there already
  at real not null,                -- seconds since 1970, UTC
  kind text not null,              -- chat, image, video; restored: a turn taken from a file;
                                   -- replay: a chat answered from a recording;
                                   -- stored: pictures or a clip shown again
  state text not null,             -- complete, incomplete, interrupted;
                                   -- submitting, submitted, done, failed, unknown
  key blob not null,               -- of the whole request; an order's of its endpoint, too
  notebook text not null,          -- its path, or the folder where no notebook is known
  conversation text not null,
  cell text not null,
  endpoint text not null,
  model text not null,
  asked integer not null references threads,
  prompt integer not null references messages,
  reply integer references messages,
  params text not null,            -- JSON: the request beside model and messages
  result text not null,            -- JSON: what came, beside the words
  cost real,                       -- US dollars, null when the price is unknown
  job text not null,               -- the service's id of a media job
  likeness blob,                   -- a key in which files count by their form; of any endpoint
  pace text not null               -- JSON: when which part of a chat's answer came
);
create index orders_by_key on calls (key) where kind in ('image', 'video');
create index orders_under_way on calls (kind)
  where kind in ('image', 'video') and state not in ('done', 'failed');
create table conversations (
  id integer primary key,
  notebook text not null,
  name text not null,
  system text not null,
  used real not null
);
create index conversations_of_notebook on conversations (notebook, name, used);
-- What a conversation consists of now; the calls keep what was ever said.
create table turns (
  conversation integer not null references conversations,
  cell text not null,              -- '' where cells have no id
  ordinal integer not null,        -- within the cell's execution; without a cell the call
  position integer not null,       -- by which they are sorted: the call of the first run
  call integer not null references calls,
  primary key (conversation, cell, ordinal)
) without rowid;
-- The cells that have set a conversation's system prompt.
create table settings (
  conversation integer not null references conversations,
  cell text not null,
  ordinal integer not null,        -- among the commands of the cell's execution that set one
  name text not null,              -- the conversation it was set in; another in a fork's copy
  primary key (conversation, cell, ordinal)
) without rowid;
-- What may be spent: by a notebook, or by all of them (*).
create table budgets (
  scope text primary key,
  usd real not null,
  since real not null,
  spent real not null
) without rowid;
-- What is set aside for requests that are on their way, or whose end nobody knows.
create table reservations (
  uid blob primary key,
  scope text not null,             -- the notebook's, as in calls
  usd real not null,
  at real not null
) without rowid;
create table facts (name text primary key, value) without rowid;
-- forgotten: how many messages have lost their words, so that nobody remembers them longer.
insert into facts values ('forgotten', 0);
-- last: the greatest number of a call that was forgotten.
insert into facts values ('last', 0);
-- budgets: a random number, made with the first budget.
