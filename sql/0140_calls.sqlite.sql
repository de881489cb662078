-- Calls that are decided by review; 0150 has their tables. A CHECK is widened in the schema's own text, as SQLite's manual has it for
-- changes that touch no row (lang_altertable.html, "Making Other Kinds Of Table Schema Changes").
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, '(kind IN (''first_come''))', '(kind IN (''first_come'', ''reviewed''))')
 WHERE type = 'table' AND name = 'calls';
UPDATE sqlite_schema SET sql = replace(sql, '''waiting'', ''awarded'', ''rejected'', ''withdrawn''))',
  '''waiting'', ''submitted'',
  ''evaluating'', ''offered'', ''reserve'', ''awarded'', ''declined'', ''rejected'', ''withdrawn''))')
 WHERE type = 'table' AND name = 'proposals';
PRAGMA writable_schema = RESET;
