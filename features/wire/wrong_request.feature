Feature: Requests that are wrong on purpose
  Tills of other makers, old software, a technician's mistake: the host must refuse what it cannot rightly process, say so
  by the right code, and serve the next till.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @WIR-006
  Scenario Outline: A sale without <field>, the <name>
    When "T1" is made to send a sale without <field>
    Then these messages went over the wire
      | from | message     | code |
      | T1   | sale        |      |
      | host | sale answer | 30   |
    And Bob's card holds 5000.00 CNY
    And "Noodle House" is owed 0.00 CNY

    Examples:
      | field      | name            |
      | amount     | amount          |
      | entry_mode | entry mode      |
      | terminal   | terminal number |
      | merchant   | merchant number |
      | currency   | currency        |

  @WIR-006
  Scenario Outline: A sale whose <name> is "<value>"
    When "T1" is made to send a sale with <field> "<value>"
    Then these messages went over the wire
      | from | message     | code   |
      | T1   | sale        |        |
      | host | sale answer | <code> |
    And Bob's card holds 5000.00 CNY
    And "Noodle House" is owed 0.00 CNY

    Examples:
      | name       | field      | value        | code |
      | amount     | amount     | 000000000000 | 13   |
      | currency   | currency   | XYZ          | 30   |
      | currency   | currency   | 840          | 12   |
      | entry mode | entry_mode | 021          | 30   |

  @WIR-007
  Scenario: A message of a kind that the host does not know is refused and moves nothing
    When "T1" is made to send a sale with MTI "0100"
    Then these messages went over the wire
      | from | message        | code |
      | T1   | unknown        |      |
      | host | unknown answer | 12   |
    And Bob's card holds 5000.00 CNY

  @WIR-008
  Scenario: Garbage from one till leaves the others in peace
    Given till "T2" of "Noodle House" has signed in
    When "T1" is made to send garbage
    And Bob swipes 10.00 CNY at "T2"
    Then "T2" shows APPROVED
    And Bob's card holds 4990.00 CNY

  @WIR-009
  Scenario: The answer travels back the way the request came
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message     | trace | terminal | merchant        | amount       |
      | T1   | sale        | 2     | 10000001 | 898320548160001 | 000000001000 |
      | host | sale answer | 2     | 10000001 | 898320548160001 | 000000001000 |

  @WIR-009 @unionpay
  Scenario: The answer has the request's TPDU turned round
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And these messages went over the wire
      | from | message     | TPDU       |
      | T1   | sale        | 6000030000 |
      | host | sale answer | 6000000003 |
