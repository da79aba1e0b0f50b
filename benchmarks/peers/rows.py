"""Which rows are measured of which peer, in which order.

Those of small files come first: on ext4, a file is slow to make for minutes
after others have been removed.
"""

import calls
import chains
import disk_room

MEASURES = {
    "joblib": (calls.measure, disk_room.measure),
    "joblib_mmap": (chains.measure,),
    "joblib_shelved": (chains.measure_shelved,),
    "joblib_compressed": (),
    "diskcache": (calls.measure, disk_room.measure),
    "diskcache_get_set": (calls.measure,),
    "jum": (calls.measure,),
    "funes": (calls.measure,),
}
