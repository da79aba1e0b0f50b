int Solve();
