# Every connector, by the name of its folder. ADDING_A_CONNECTOR.md says how one comes to be here.
connector(arriving_files LINKS ingest io)
connector(sqlite LINKS ingest project SQLite::SQLite3)
