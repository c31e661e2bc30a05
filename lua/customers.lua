-- SPDX-License-Identifier: Apache-2.0
-- The shop's CRM: who a customer is, and what happened with him.

local segments = { VIP = "vip", Regular = "regular", New = "new", ["At-Risk"] = "at_risk" }

local function path_of(id)
  return "/api/users/" .. http.escape(id)
end

return {
  profile = function(id)
    local reply = http.get("shop", path_of(id))
    if reply.status == 404 then return fail("not_found") end
    if reply.status ~= 200 then return fail("unavailable") end
    local u = reply.json
    return {
      id = u.userId,
      name = u.name,
      email = u.email,
      phone = u.phone,
      locale = u.locale,
      segment = segments[u.segment] or "regular",
    }
  end,

  set_language = function(id, language)
    local reply = http.patch("shop", path_of(id) .. "/preferences", { json = { language = language } })
    if reply.status == 404 then return fail("not_found") end
    if reply.status ~= 200 then return fail("unavailable") end
  end,

  note = function(id, topic)
    local reply = http.post("shop", "/api/crm/interactions", { json = { userId = id, topic = topic } })
    if reply.status ~= 200 then return fail("unavailable") end
  end,
}
