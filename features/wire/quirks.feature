Feature: A host with habits of its own
  What a specification leaves open, each host does in its own way, and changes with its next release. A till that was built
  to the habits of one laboratory fails in the field at the next.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @WIR-010 @host-control
  Scenario Outline: A sale by stripe goes through when the host <does>
    Given the host <does>
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Bob's card holds 4990.00 CNY

    Examples:
      | does                                 |
      | leaves out what its answers may lack |
      | adds what its answers may have       |
      | answers in pieces                    |
      | holds its answers up                 |

  @WIR-010 @host-control @unionpay
  Scenario: An answer without its optional fields has none of them
    Given the host leaves out what its answers may lack
    When Bob swipes 10.00 CNY at "T1"
    Then the answer to the 1st sale carries
      | field             | value |
      | institutions      |       |
      | card_organisation |       |
      | code              | 00    |
    And "T1" shows APPROVED

  @WIR-010 @host-control @unionpay
  Scenario: A chip believes its issuer, and does what it says, wherever its words stand in the answer
    Given the host turns the chip data of its answers round
    And Carol's bank has the chip change the PIN
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Carol's chip answered "EXTERNAL AUTHENTICATE" with "9000"
    And Carol's bank has 0 commands left for the chip
    And Carol's card holds 990.00 CNY
