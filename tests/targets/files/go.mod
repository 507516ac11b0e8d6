module parked.test/files

go 1.18

require github.com/fsnotify/fsnotify v0.0.0

replace github.com/fsnotify/fsnotify => ./fsnotify
