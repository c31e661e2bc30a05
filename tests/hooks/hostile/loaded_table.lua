-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- Looks for libraries that were loaded.

return {
  run = function()
    return package.loaded.io.open("/etc/passwd")
  end,
}
