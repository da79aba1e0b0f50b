int Help();
