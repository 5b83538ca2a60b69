create table done (what text);
