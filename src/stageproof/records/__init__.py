"""The only place with stored tables: models, migrations, and what the engine is handed."""
