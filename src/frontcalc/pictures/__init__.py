"""Still pictures: maps of change and charts, drawn from the tables with matplotlib."""
