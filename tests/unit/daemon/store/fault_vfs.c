// SPDX-License-Identifier: GPL-2.0-or-later
/* See fault_vfs.h. */
#include "tests/unit/daemon/store/fault_vfs.h"

#include <sqlite3.h>
#include <stddef.h>

struct fault fault;

static sqlite3_vfs *real;
static sqlite3_vfs ours;

/* What SQLite gives us room for: our part, and behind it the real file. */
struct file {
	sqlite3_file base;
	sqlite3_file *real;
};

static sqlite3_file *of(sqlite3_file *f)
{
	return ((struct file *)f)->real;
}

static bool fails(void)
{
	fault.count++;
	return fault.fail_at &&
	       (fault.count == fault.fail_at || (fault.on && fault.count > fault.fail_at));
}

static bool write_fails(void)
{
	if (fault.syncs)
		return fault.on && fault.fail_at && fault.count >= fault.fail_at;
	return fails();
}

static int f_close(sqlite3_file *f)
{
	return of(f)->pMethods->xClose(of(f));
}

static int f_read(sqlite3_file *f, void *buf, int n, sqlite3_int64 at)
{
	return of(f)->pMethods->xRead(of(f), buf, n, at);
}

static int f_write(sqlite3_file *f, const void *buf, int n, sqlite3_int64 at)
{
	if (write_fails()) {
		if (fault.after)
			of(f)->pMethods->xWrite(of(f), buf, n, at);
		return fault.code;
	}
	return of(f)->pMethods->xWrite(of(f), buf, n, at);
}

static int f_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	return write_fails() ? fault.code : of(f)->pMethods->xTruncate(of(f), size);
}

static int f_sync(sqlite3_file *f, int flags)
{
	/* A sync of a full disk is an input/output error, if anything. */
	if (fault.code != SQLITE_FULL && fails())
		return SQLITE_IOERR_FSYNC;
	return of(f)->pMethods->xSync(of(f), flags);
}

static int f_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return of(f)->pMethods->xFileSize(of(f), size);
}

static int f_lock(sqlite3_file *f, int how)
{
	return of(f)->pMethods->xLock(of(f), how);
}

static int f_unlock(sqlite3_file *f, int how)
{
	return of(f)->pMethods->xUnlock(of(f), how);
}

static int f_reserved(sqlite3_file *f, int *out)
{
	return of(f)->pMethods->xCheckReservedLock(of(f), out);
}

static int f_control(sqlite3_file *f, int what, void *arg)
{
	return of(f)->pMethods->xFileControl(of(f), what, arg);
}

static int f_sector(sqlite3_file *f)
{
	return of(f)->pMethods->xSectorSize(of(f));
}

static int f_device(sqlite3_file *f)
{
	return of(f)->pMethods->xDeviceCharacteristics(of(f));
}

static int f_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
	return of(f)->pMethods->xShmMap(of(f), page, size, extend, out);
}

static int f_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return of(f)->pMethods->xShmLock(of(f), offset, n, flags);
}

static void f_shm_barrier(sqlite3_file *f)
{
	of(f)->pMethods->xShmBarrier(of(f));
}

static int f_shm_unmap(sqlite3_file *f, int delete)
{
	return of(f)->pMethods->xShmUnmap(of(f), delete);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = f_close,
	.xRead = f_read,
	.xWrite = f_write,
	.xTruncate = f_truncate,
	.xSync = f_sync,
	.xFileSize = f_size,
	.xLock = f_lock,
	.xUnlock = f_unlock,
	.xCheckReservedLock = f_reserved,
	.xFileControl = f_control,
	.xSectorSize = f_sector,
	.xDeviceCharacteristics = f_device,
	.xShmMap = f_shm_map,
	.xShmLock = f_shm_lock,
	.xShmBarrier = f_shm_barrier,
	.xShmUnmap = f_shm_unmap,
};

static int v_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *f, int flags,
		  int *out_flags)
{
	struct file *file = (struct file *)f;
	int rc;

	(void)vfs;
	file->real = (sqlite3_file *)(file + 1);
	file->base.pMethods = NULL;
	rc = real->xOpen(real, name, file->real, flags, out_flags);
	if (file->real->pMethods)
		file->base.pMethods = &methods;
	return rc;
}

void fault_vfs_install(void)
{
	real = sqlite3_vfs_find(NULL);
	ours = *real;
	ours.zName = "fault";
	ours.szOsFile = (int)sizeof(struct file) + real->szOsFile;
	ours.xOpen = v_open;
	sqlite3_vfs_register(&ours, 1);
}
